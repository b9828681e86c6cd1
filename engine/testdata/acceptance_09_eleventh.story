# Acceptance 9: the eleventh scan into a tube of ten, one person twice in one tube, one person in two tubes of a round, a tube used again in another round or lab.
# Proves: acceptance/9
open T100 08:00 capacity 2 round R1
scan T100 ada 08:01 round R1
scan T100 ben 08:02 round R1
scan T100 cem 08:03 round R1
refused tube_full
scan T100 ada 08:05
duplicate
flag already_bound
scan T200 ada 08:10 round R1
refused person_in_other_tube
close T100 08:15
receive T100 by L1 10:00
result T100 negative tested 12:00 reported 13:00 lab L1
scan T100 dan 14:00 round R2
refused tube_already_resulted
result T100 negative tested 15:00 reported 16:00 lab L2
flag lab_mismatch
