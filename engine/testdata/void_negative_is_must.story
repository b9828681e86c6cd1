# Otherwise a void tube: must, also where its negative came.
# Proves: outcome/void-is-must
any order
scan T100 ada 08:01
void T100 09:00 because leaked
result T100 negative tested 12:00 reported 13:00
ada must_resample because T100
ada since 09:00
ada no negative
order ada any due 15:00
tube T100 void
no alert T100
