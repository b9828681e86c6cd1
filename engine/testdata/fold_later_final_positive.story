# A standing negative is replaced by a later final positive.
# Proves: result/negative-replaced
any order
scan T100 ada 08:01
result T100 negative tested 12:00 reported 13:00
result T100 positive tested 14:00 reported 15:00
ada held because T100
ada no negative
order ada due 21:00
