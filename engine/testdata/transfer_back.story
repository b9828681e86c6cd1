# Moved there and back again: the newest decides, S stays.
# Proves: binding/transfer-back
any order
scan T100 ada 08:01
transfer ada from T100 to T200 09:00
transfer ada from T200 to T100 10:00
result T100 negative tested 12:00 reported 13:00
ada negative
ada last negative T100
tube T100 holds ada
tube T200 holds nobody
