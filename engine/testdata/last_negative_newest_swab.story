# The last negative is the newest swab's, whatever was reported last.
# Proves: state/last-negative
any order
scan T100 ada 08:01
late scan T200 ada 10:01
result T200 negative tested 12:00 reported 13:00
result T100 negative tested 12:00 reported 18:00
ada negative
ada last negative T200
ada since 13:00
