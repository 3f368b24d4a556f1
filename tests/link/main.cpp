/// Linking is the test: the library named in the target comes in whole, with only its declared dependencies.
int main() { return 0; }
