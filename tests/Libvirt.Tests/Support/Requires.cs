using System.Runtime.InteropServices;

namespace Kilonova.Libvirt.Tests.Support;

/// <summary>Skips a test, with the reason, where the machine lacks what it needs.</summary>
internal static class Requires
{
    internal static void Libvirt()
        => Assert.SkipUnless(NativeLibrary.TryLoad("libvirt.so.0", out _), "libvirt.so.0 is not installed (package libvirt0)");

    internal static void Program(string path, string package)
        => Assert.SkipUnless(File.Exists(path), $"{path} is not installed (package {package})");
}
