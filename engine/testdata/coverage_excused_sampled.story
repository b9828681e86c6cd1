# Excused: excused and not sampled.
# Proves: coverage/excused-and-sampled
any order
round R1 areas 9901
roster ada area 9901
roster ben area 9901
excuse ada from R1 07:00 because moved
excuse ben from R1 07:00 because moved
excuse cem from R1 07:00 because moved
scan T100 ada 08:01
coverage R1 9901 expected 2 sampled 1 excused 1 missing 0
coverage R1 all expected 2 excused 1
