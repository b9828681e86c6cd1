# A transfer in and one out of the same second: in.
# Proves: binding/tie-in-out
any order
scan T100 ada 08:01
transfer ada from T100 to T200 09:00
transfer ada from T200 to T300 09:00
tube T200 holds ada
tube T300 holds ada
tube T100 holds nobody
