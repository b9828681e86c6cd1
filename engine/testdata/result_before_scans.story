# A result before its scans is parked and flagged, then counts as if it had come after them.
# Proves: result/parked
any order
result T100 positive tested 12:00 reported 13:00
flag tube_unknown
late scan T100 ada 08:01
accepted
flag after_result
ada held because T100
order ada due 19:00
