# An unscan that took effect becomes a request when a positive reported before it arrives.
# Proves: binding/unscan-becomes-request
any order
scan T100 ada 08:01
unscan T100 ada 13:30 by station
ada unknown
result T100 positive tested 12:00 reported 13:00
ada held because T100
