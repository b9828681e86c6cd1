# A live scan is refused where more would share the tube than the round's policy lets people of that risk; a late one is taken and flagged.
# Proves: refusal/capacity_over_policy
area 9901 risk medium
round R1 areas 99,9901 cap low 3 cap medium 2
open T100 08:00 pool capacity 20 round R1 site S1
flag capacity_over_policy
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03 area 9901
refused capacity_over_policy
scan T100 cem 08:03 area 99
accepted
late scan T100 dan 08:04 area 99
accepted
flag capacity_over_policy
