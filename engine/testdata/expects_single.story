# A late scan into a pool of a person with an open order is taken and flagged.
# Proves: flag/expects-single
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00
accepted
flag expects_single
scan T300 ada 14:00 single
refused person_in_other_tube
close T200 14:05
scan T300 ada 14:10 single
accepted
no flags
