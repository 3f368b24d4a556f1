// Compiles the facts of schema/api into constant tables: one source file of plain aggregates that the
// compiler turns into read-only data, without code to run at start.
//
//   compile_tables API_FOLDER RESOURCE_IDS OUTPUT

#include "schema/tables/compile_tables/fact_reader.hpp"
#include "schema/tables/compile_tables/table_writer.hpp"

#include <exception>
#include <fstream>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: compile_tables API_FOLDER RESOURCE_IDS OUTPUT\n";
    return 2;
  }
  try {
    const compile_tables::facts all = compile_tables::read_facts(argv[1], argv[2]);
    std::ofstream out(argv[3]);
    out.exceptions(std::ios::badbit | std::ios::failbit);
    compile_tables::write_tables(all, out);
    out.close();
  } catch (const std::exception& failure) {
    std::cerr << "compile_tables: " << failure.what() << "\n";
    return 1;
  }
  return 0;
}
