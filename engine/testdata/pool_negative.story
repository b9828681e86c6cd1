# A negative pool gives every member a negative; before it they are sampled.
# Proves: outcome/pool-negative
any order
open T100 08:00 pool
scan T100 ada 08:01
ada sampled
ada since 08:01
ada pending T100
ada no negative
scan T100 ben 08:02
result T100 negative tested 12:00 reported 13:00
ada negative
ben negative
ada since 13:00
ada last negative T100
ada nothing pending
no order ada
tube T100 holds ada ben
tube T100 says negative
