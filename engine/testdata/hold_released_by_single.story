# A hold is closed by a negative of a single tube that has exactly one member, swabbed later.
# Proves: hold/closed-by-single
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
open T200 14:00 single
scan T200 ada 14:10
result T200 negative tested 16:00 reported 17:00
ada negative
ada since 17:00
ada last negative T200
no order ada
ben held because T100
order ben due 19:00 because T100
