# A round put without areas expects everybody rostered; the round default only whom it sampled.
# Proves: coverage/no-areas
any order
round R1
roster ada area 9901
roster ben
late scan T100 cem 08:01 round default
coverage R1 all expected 2 missing 2
missing R1 all are ada ben
coverage default all expected 1 unrostered 1 sampled 1 missing 0
