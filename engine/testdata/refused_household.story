# A live scan of another household into a household's tube is refused; who names none may come.
# Proves: refusal/household_mismatch
open T100 08:00 household
scan T100 ada 08:01 household H1
scan T100 ben 08:02 household H1
accepted
scan T100 cem 08:03 household H2
refused household_mismatch
scan T100 dan 08:03
accepted
late scan T100 cem 08:03 household H2
accepted
flag household_mismatch
roster eva household H2
scan T100 eva 08:05
refused household_mismatch
