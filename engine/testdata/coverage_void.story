# Sampled: at least one binding in the round, in a tube not void.
# Proves: coverage/not-void
any order
round R1 areas 9901
roster ada area 9901
roster ben area 9901
scan T100 ada 08:01
scan T200 ben 08:01
late scan T300 ben 08:02
void T100 09:00
void T200 09:00
coverage R1 9901 expected 2 sampled 1 missing 1
missing R1 9901 are ada
