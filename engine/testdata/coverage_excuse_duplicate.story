# An excuse for a round counts once; the same again is a duplicate.
# Proves: coverage/excuse
round R1 areas 9901
roster ada area 9901
excuse ada from R1 07:00 because moved
accepted
excuse ada from R1 07:00 because moved
duplicate
excuse ada from R1 07:30 because refused
accepted
coverage R1 9901 expected 1 excused 1 missing 0
missing R1 9901 are nobody
