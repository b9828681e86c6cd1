# A transferred person keeps S: the other tube's result counts for the swab that was taken before.
# Proves: binding/transfer
any order
scan T100 ada 08:01
transfer ada from T100 to T200 09:00 because spilt
result T100 positive tested 12:00 reported 13:00
result T200 negative tested 08:30 reported 13:30
ada negative
ada last negative T200
tube T100 holds nobody
tube T200 holds ada
