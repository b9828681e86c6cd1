# Who is unscanned is missing again.
# Proves: coverage/unscan
round R1 areas 9901
roster ada area 9901
scan T100 ada 08:01
missing R1 9901 are nobody
unscan T100 ada 08:30
missing R1 9901 are ada
coverage R1 9901 expected 1 sampled 0 missing 1
