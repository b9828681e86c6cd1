# Between negatives of equal swabs the later report counts, then the smaller tube code.
# Proves: state/last-negative-tie
any order
scan T100 ada 08:01
late scan T200 ada 08:01
late scan T300 ada 08:01
result T100 negative tested 12:00 reported 13:00
result T300 negative tested 12:00 reported 14:00
result T200 negative tested 12:00 reported 14:00
ada negative
ada last negative T200
