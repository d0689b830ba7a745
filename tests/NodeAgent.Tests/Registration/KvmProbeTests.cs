using Kilonova.NodeAgent.Registration;
using Kilonova.NodeAgent.Tests.Images;

namespace Kilonova.NodeAgent.Tests.Registration;

public class KvmProbeTests
{
    [Fact]
    public void The_firmware_is_what_its_source_says()
    {
        using var directory = new TemporaryDirectory();
        var source = Path.Combine(AppContext.BaseDirectory, "KvmProbe.S");
        QemuImg.Run("as", "--64", source, "-o", directory.File("probe.o"));
        QemuImg.Run("objcopy", "-O", "binary", "-j", ".text", directory.File("probe.o"), directory.File("probe.bin"));
        Assert.Equal(File.ReadAllBytes(directory.File("probe.bin")), KvmProbe.Firmware());
    }

    [Fact]
    public async Task The_firmware_runs_to_its_end_on_an_emulated_CPU()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllBytesAsync(directory.File("firmware"), KvmProbe.Firmware());
        QemuImg.RequireTool("qemu-system-x86_64");
        using var qemu = System.Diagnostics.Process.Start("qemu-system-x86_64", ["-accel", "tcg", "-M", "pc", "-m", "32", "-nodefaults", "-display", "none", "-bios", directory.File("firmware"), "-serial", "file:" + directory.File("output")])!;
        try
        {
            for (var waited = 0; !File.Exists(directory.File("output")) || !(await File.ReadAllBytesAsync(directory.File("output"))).SequenceEqual("K"u8.ToArray()); waited += 50)
            {
                Assert.True(waited < 30_000, "the firmware said nothing");
                await Task.Delay(50);
            }
        }
        finally
        {
            qemu.Kill();
        }
    }
}
