# Acceptance 15: the un-sampled list of one community while scans come in: the counts equal the list's length after every scan.
# Proves: acceptance/15
round R1 areas 990101 opens 06:00 closes 20:00
roster ada area 990101
roster ben area 990101
roster cem area 990101
coverage R1 990101 expected 3 sampled 0 missing 3
missing R1 990101 are ada ben cem
scan T100 ben 08:01
coverage R1 990101 expected 3 sampled 1 missing 2
missing R1 990101 are ada cem
scan T100 ada 08:02
scan T100 cem 08:03
coverage R1 990101 expected 3 sampled 3 missing 0
missing R1 990101 are nobody
unscan T100 ada 08:04
coverage R1 990101 expected 3 sampled 2 missing 1
missing R1 990101 are ada
