# A transfer out later than the report of a standing positive is from others than cdc or command a request: the person stays, and lies in no other tube.
# Proves: binding/transfer-request
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
transfer ada from T100 to T200 14:00 by station
accepted
flag transfer_requested
ada held because T100
tube T100 holds ada
tube T200 holds nobody
