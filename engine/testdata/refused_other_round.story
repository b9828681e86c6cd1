# A live scan that names another round than the tube's is refused; a late one is taken and flagged.
# Proves: refusal/tube_of_other_round
open T100 08:00 round R1
scan T100 ada 08:01 round R2
refused tube_of_other_round
scan T100 ada 08:01 round R1
accepted
scan T100 ben 08:02
accepted
late scan T100 cem 08:03 round R2
accepted
flag tube_of_other_round
scan T200 dan 08:01 round R1
scan T200 eva 08:02 round R2
refused tube_of_other_round
