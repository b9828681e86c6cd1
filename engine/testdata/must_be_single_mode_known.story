# What the tube is counts as far as it is known: by its opening, else by its scans so far, else by this scan.
# Proves: refusal/must_be_single-mode
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
open T200 13:30 single
scan T200 ada 14:00 pool
accepted
late scan T300 ben 14:00
scan T300 ada 14:30 single
refused must_be_single
