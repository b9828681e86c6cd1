# A hold is never closed by a pool's or a household's negative.
# Proves: hold/never-by-pool
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:10
result T200 negative tested 16:00 reported 17:00
open T300 18:00 household
late scan T300 ada 18:10
result T300 negative tested 20:00 reported 21:00
ada held because T100
ada since 13:00
ada last negative T300
order ada due 19:00 because T100
