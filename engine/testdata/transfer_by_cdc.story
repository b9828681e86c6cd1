# A transfer out later than the report of a standing positive takes effect from cdc or command.
# Proves: binding/transfer-by-cdc
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 positive tested 12:00 reported 13:00
transfer ada from T100 to T200 14:00 by cdc
transfer ben from T100 to T200 14:00 by command
ada sampled
ada since 08:01
tube T200 holds ada ben
