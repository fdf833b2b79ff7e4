#include <numloom/numloom.h>

#include <cmath>
#include <iostream>

int main() {
  auto a = numloom::full({1000}, 2.0);
  auto b = numloom::sqrt(a * a + a);
  double s = numloom::sum(b).item<double>();
  std::cout << "sum " << s << "\n";
  if (std::abs(s - 1000 * std::sqrt(6.0)) > 1e-9 * s) return 1;
  try {
    auto wrong = a + numloom::full({3}, 1.0);
  } catch (const numloom::error& e) {
    std::cout << e.what() << "\n";
    return 0;
  }
  return 1;
}
