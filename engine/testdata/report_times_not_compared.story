# Only swab times are compared, never report times.
# Proves: state/only-swabs-compared
any order
scan T100 ada 08:01
late scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 15:10
result T100 positive tested 12:00 reported 23:00
ada negative
ada last negative T200
