# Only a swab with a strictly later S closes: an older single negative, however late its report, releases nobody.
# Proves: hold/not-by-older-single
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
open T200 07:00 single
scan T200 ada 07:10
result T200 negative tested 16:00 reported 22:00
ada held because T100
ada last negative T200
order ada due 19:00
