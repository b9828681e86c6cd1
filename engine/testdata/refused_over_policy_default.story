# The round default, never put, limits nobody: what the opening says counts.
# Proves: refusal/no-policy-limit
open T100 08:00 pool capacity 12
no flags
scan T100 p1 08:01
scan T100 p2 08:01
scan T100 p3 08:01
scan T100 p4 08:01
scan T100 p5 08:01
scan T100 p6 08:01
scan T100 p7 08:01
scan T100 p8 08:01
scan T100 p9 08:01
scan T100 p10 08:01
scan T100 p11 08:01
accepted
