# An unscan later than the report of a standing positive is from others only a request: the person stays.
# Proves: binding/unscan-request
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
unscan T100 ada 13:30 by station
accepted
flag unscan_requested
ada held because T100
order ada due 19:00
tube T100 holds ada
