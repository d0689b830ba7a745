using Kilonova.Libvirt.Xml;

namespace Kilonova.Libvirt.Tests.Xml;

public sealed class CpuListTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("0", "0")]
    [InlineData("3,1,2", "1-3")]
    [InlineData("0-3,^2", "0-1,3")]
    [InlineData("0-7,^1-6,9", "0,7,9")]
    [InlineData(" 1 , 1 ", "1")]
    public void A_list_has_one_shortest_form(string text, string shortest) => Assert.Equal(shortest, CpuList.Format(CpuList.Parse(text)));

    [Theory]
    [InlineData("a")]
    [InlineData("3-1")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    [InlineData("0-99999999")]
    public void Nonsense_is_refused(string text) => Assert.Throws<FormatException>(() => CpuList.Parse(text));
}
