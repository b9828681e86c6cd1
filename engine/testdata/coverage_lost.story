# A lost tube's people were sampled, and must be sampled again.
# Proves: coverage/lost
any order
round R1 areas 9901
roster ada area 9901
scan T100 ada 08:01
lost T100 10:00
coverage R1 9901 expected 1 sampled 1 missing 0 resulted 1 must_resample 1
