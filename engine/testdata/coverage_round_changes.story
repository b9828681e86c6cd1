# When a test turns out another round's, by a later opening, another scan or a transfer, it is counted there and no more here.
# Proves: coverage/round-changes
round R1 areas 99 closes 20:00
round R2 areas 98 closes 20:00
late scan T100 ada 08:01 area 99
coverage R1 99 expected 1 sampled 1
late scan T100 ben 08:02 round R2 area 99
coverage R1 99 expected 0 sampled 0
coverage R2 all expected 2 sampled 2
open T100 07:00 round R1
coverage R1 all expected 1 sampled 1
coverage R2 all expected 1 sampled 1
transfer cem from T200 to T300 09:00
coverage default all expected 1 sampled 1
late scan T300 cem 08:00 round R2
coverage default all expected 0 sampled 0
coverage R2 all expected 2 sampled 2
void T100 10:00
coverage R1 all expected 0 sampled 0
coverage R2 all expected 1 sampled 1
