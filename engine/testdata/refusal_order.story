# Of several reasons the first of a fixed order is told: void, resulted, closed, other round, must be single, deferred, household, full, over policy, other tube.
# Proves: refusal/order
round R1 vaccinated defer
scan T300 eva 08:00
roster ada vaccinated 09:00-1
open T100 08:00 pool capacity 1 round R1
scan T100 ben 08:01
scan T200 ada 08:01
refused deferred
scan T100 eva 08:02 round R2
refused tube_of_other_round
scan T100 ada 08:02
refused deferred
scan T100 eva 08:02
refused tube_full
close T100 08:03
scan T100 ada 08:02
refused tube_closed
result T100 negative tested 08:10 reported 08:20
scan T100 ada 08:02
refused tube_already_resulted
void T100 08:30
scan T100 ada 08:02
refused tube_void
scan T100 ben 08:01
duplicate
