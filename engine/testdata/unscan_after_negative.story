# After a negative everybody may unscan.
# Proves: binding/unscan-after-negative
any order
scan T100 ada 08:01
result T100 negative tested 12:00 reported 13:00
ada negative
unscan T100 ada 13:30 by station
ada unknown
ada no negative
