# Pending is the newest swab without an outcome; sampled since the earliest of them.
# Proves: pending/newest
any order
scan T100 ada 08:01
late scan T300 ada 09:00
late scan T200 ada 09:00
ada sampled
ada since 08:01
ada pending T200
