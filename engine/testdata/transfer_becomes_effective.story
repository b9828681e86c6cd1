# When the positive that made it a request goes, the request takes effect after all.
# Proves: binding/request-becomes-effective
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
transfer ada from T100 to T200 14:00 by station
result T100 negative tested 12:00 reported 15:00 corrected
tube T100 holds nobody
tube T200 holds ada
ada sampled
ada pending T200
