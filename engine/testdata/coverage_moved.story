# Who moves before the round closes is expected where he lives then.
# Proves: coverage/moved
area 9901 under 99
area 9902 under 99
round R1 areas 9901 closes 20:00
round R2 areas 9902 closes 20:00
roster ada area 9901
coverage R1 99 expected 1 missing 1
roster ada area 9902
coverage R1 99 expected 0 missing 0
coverage R2 99 expected 1 missing 1
missing R2 9902 are ada
