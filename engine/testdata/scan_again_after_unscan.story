# A newer scan binds again; the swab's time stays that of the first scan.
# Proves: binding/scan-again
any order
scan T100 ada 08:01
unscan T100 ada 08:10
scan T100 ada 08:20
accepted
ada sampled
ada since 08:01
tube T100 holds ada
