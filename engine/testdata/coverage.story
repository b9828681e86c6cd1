# expected = sampled + excused + missing, always.
# Proves: coverage/counts
area 9901 under 99
round R1 areas 9901 opens 06:00 closes 20:00
roster ada area 9901
roster ben area 9901
roster cem area 9901
roster dan area 9902
coverage R1 9901 expected 3 sampled 0 excused 0 missing 3
missing R1 9901 are ada ben cem
scan T100 ada 08:01
excuse ben from R1 09:00 because moved
coverage R1 9901 expected 3 sampled 1 excused 1 missing 1
missing R1 9901 are cem
missing R1 all are cem
