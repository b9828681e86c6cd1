# A second scan of a bound pair may name the round for everybody else in the tube who named none.
# Proves: coverage/second-scan-of-tube
transfer ada from T1 to T3 13:10
transfer ben from T1 to T3 13:00
late scan T3 dan 12:20 round R2
coverage R2 all sampled 3
late scan T3 ben 12:00 round R3
duplicate
flag already_bound
coverage R3 all sampled 2
coverage R2 all sampled 1
