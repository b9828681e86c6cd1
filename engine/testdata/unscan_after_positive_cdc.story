# An unscan later than the report of a standing positive takes effect from cdc or command.
# Proves: binding/unscan-by-cdc
any order
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03
result T100 positive tested 12:00 reported 13:00
unscan T100 ada 13:30 by cdc
unscan T100 ben 13:30 by command
ada unknown
ben unknown
no order ada
cem held because T100
