# Later than the report, not at it: an unscan of the same second takes effect from everybody.
# Proves: binding/unscan-at-report
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
unscan T100 ada 13:00 by station
no flags
ada unknown
