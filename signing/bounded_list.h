// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_SIGNING_BOUNDED_LIST_H
#define DEFIB_SIGNING_BOUNDED_LIST_H

#include <array>
#include <cstddef>

namespace defib::signing {

// A list that lies inside its owner and cannot outgrow it. Parsers of files that nobody has
// verified yet fill these: what a file claims about its own length then allocates nothing.
template <class T, size_t Capacity>
class BoundedList {
  public:
    static constexpr size_t capacity() { return Capacity; }

    bool push_back(const T& item) {
        if (size_ == Capacity) return false;
        items_[size_++] = item;
        return true;
    }
    void clear() { size_ = 0; }

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T& operator[](size_t i) { return items_[i]; }
    const T& operator[](size_t i) const { return items_[i]; }
    T* begin() { return items_.data(); }
    T* end() { return items_.data() + size_; }
    const T* begin() const { return items_.data(); }
    const T* end() const { return items_.data() + size_; }

  private:
    std::array<T, Capacity> items_{};
    size_t size_ = 0;
};

}  // namespace defib::signing

#endif
