#define BOOST_TEST_MODULE actord
#include <boost/test/unit_test.hpp>
