# The single tube that releases has exactly one member: with two it releases nobody.
# Proves: hold/exactly-one-member
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
open T200 14:00 single
scan T200 ada 14:10
late scan T200 ben 14:11
result T200 negative tested 16:00 reported 17:00
ada held because T100
ben held because T100
ada last negative T200
