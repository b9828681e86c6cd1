# A live scan into a void tube is refused, before all that else befell it; a late one is taken and flagged.
# Proves: refusal/tube_void
scan T100 ada 08:01
result T100 negative tested 08:30 reported 08:40
void T100 09:00
scan T100 ben 08:50
refused tube_void
late scan T100 ben 08:50
accepted
flag tube_void
flag after_result
ben must_resample because T100
