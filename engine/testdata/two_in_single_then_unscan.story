# When the second member of a single tube is unscanned, the one who stays is released.
# Proves: hold/exactly-one-member-again
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
open T200 14:00 single
scan T200 ada 14:10
late scan T200 ben 14:11
result T200 negative tested 16:00 reported 17:00
unscan T200 ben 14:20 by station
ada negative
no order ada
ben unknown
tube T200 holds ada
