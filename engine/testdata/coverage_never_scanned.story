# Who was never scanned, and lies in a tube by a transfer, is counted in default until somebody names a round for the tube.
# Proves: coverage/transfer-without-scan
round R1
transfer ben from T1 to T3 13:20
transfer cem from T2 to T3 12:00
coverage default all expected 2 sampled 2
late scan T3 dan 12:10 area 99
coverage default all expected 2 sampled 2
coverage R1 all expected 1 sampled 1
late scan T3 eva 12:20 round R2
coverage default all expected 0 sampled 0
coverage R2 all expected 4 sampled 4
